"""The account of a compilation: what `stablelift explain` prints, writes as JSON, and draws."""

from stablelift.runtime.account.account import Account as Account
from stablelift.runtime.account.account import account_of as account_of
