"""A step of the decoder, and the choice of its tokens, in one native call each: own kernels in C.

Compiled once on the machine where they run. They do not know text or scheduling.
"""

from .build import Library, NativeUnavailable, library, user_cache
from .decoder import NativeDecoder
from .packed import PackedModel, can_pack, packed
from .sampling import NativeSampling

__all__ = [
    "Library",
    "NativeDecoder",
    "NativeSampling",
    "NativeUnavailable",
    "PackedModel",
    "can_pack",
    "library",
    "packed",
    "user_cache",
]
