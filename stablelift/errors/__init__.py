"""Every error that Stablelift raises, with Linen's class names where Linen has one.

`StableliftError` is the family. `LiftError` is a compiler diagnostic: its text comes complete, with the
place of the offending op. `ModuleError` and its subclasses are raised while Modules run: their first line
starts with the line of the user's code that was running, and a hint says what to do.
"""

from stablelift.errors.base import (
    LiftError,
    ModuleError,
    SideEffectError,
    StableliftError,
    location_of,
    user_location,
)
from stablelift.errors.lifts import (
    LiftArgumentError,
    LiftTypeError,
    TransformedMethodReturnValueError,
    TransformTargetError,
)
from stablelift.errors.modules import (
    ApplyModuleInvalidMethodError,
    AssignSubModuleError,
    AssignVariableError,
    CallCompactUnboundModuleError,
    CallSetupUnboundModuleError,
    CallShareScopeOnUnboundModuleError,
    CallUnbindOnUnboundModuleError,
    DescriptorAttributeError,
    IncorrectPostInitOverrideError,
    InvalidInstanceModuleError,
    LayerArgumentError,
    MultipleMethodsCompactError,
    NameInUseError,
    ReservedModuleAttributeError,
    SetAttributeFrozenModuleError,
    SetAttributeInModuleSetupError,
    UnboundModuleError,
)
from stablelift.errors.scopes import (
    ApplyScopeInvalidVariablesStructureError,
    ApplyScopeInvalidVariablesTypeError,
    ClosedOverModuleError,
    InvalidFilterError,
    InvalidRngError,
    InvalidScopeError,
    KeptOut,
    LazyInitError,
    ModifyScopeVariableError,
    PartitioningUnspecifiedError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeParamShapeError,
    ScopeVariableNotFoundError,
)

__all__ = [
    "ApplyModuleInvalidMethodError", "ApplyScopeInvalidVariablesStructureError",
    "ApplyScopeInvalidVariablesTypeError", "AssignSubModuleError", "AssignVariableError",
    "CallCompactUnboundModuleError", "CallSetupUnboundModuleError", "CallShareScopeOnUnboundModuleError",
    "CallUnbindOnUnboundModuleError", "ClosedOverModuleError", "DescriptorAttributeError",
    "IncorrectPostInitOverrideError", "InvalidFilterError", "InvalidInstanceModuleError", "InvalidRngError",
    "InvalidScopeError", "KeptOut", "LayerArgumentError", "LazyInitError", "LiftArgumentError", "LiftError",
    "LiftTypeError", "ModifyScopeVariableError", "ModuleError", "MultipleMethodsCompactError",
    "NameInUseError", "PartitioningUnspecifiedError", "ReservedModuleAttributeError",
    "ScopeCollectionNotFound", "ScopeParamNotFoundError", "ScopeParamShapeError",
    "ScopeVariableNotFoundError", "SetAttributeFrozenModuleError", "SetAttributeInModuleSetupError",
    "SideEffectError", "StableliftError", "TransformTargetError", "TransformedMethodReturnValueError",
    "UnboundModuleError", "location_of", "user_location",
]  # fmt: skip

for _error in (globals()[name] for name in __all__):
    if isinstance(_error, type):
        _error.__module__ = __name__  # where users find it
