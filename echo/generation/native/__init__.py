"""A step of the decoder, and the choice of its tokens, in one native call each: own kernels in C.

Compiled once on the machine where they run. They do not know text or scheduling.
"""

from .build import Library, NativeUnavailable, library, user_cache
from .choice import NativeChoice
from .decoder import NativeDecoder
from .packed import PackedModel, can_pack, packed

__all__ = [
    "Library",
    "NativeChoice",
    "NativeDecoder",
    "NativeUnavailable",
    "PackedModel",
    "can_pack",
    "library",
    "packed",
    "user_cache",
]
