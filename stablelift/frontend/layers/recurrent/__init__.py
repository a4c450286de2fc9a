"""Recurrent layers: cells, and RNN, which runs one over a sequence."""

from __future__ import annotations

from stablelift.frontend.layers.recurrent.cell import RNNCellBase
from stablelift.frontend.layers.recurrent.conv_lstm import ConvLSTMCell
from stablelift.frontend.layers.recurrent.lstm import LSTMCell, OptimizedLSTMCell
from stablelift.frontend.layers.recurrent.rnn import RNN, Bidirectional
from stablelift.frontend.layers.recurrent.sequences import flip_sequences
from stablelift.frontend.layers.recurrent.simple import GRUCell, MGUCell, SimpleCell
from stablelift.frontend.neighbours import neighbours

__all__ = [
    "Bidirectional",
    "ConvLSTMCell",
    "GRUCell",
    "LSTMCell",
    "MGUCell",
    "OptimizedLSTMCell",
    "RNN",
    "RNNCellBase",
    "SimpleCell",
    "flip_sequences",
]

__getattr__ = neighbours(__name__)
