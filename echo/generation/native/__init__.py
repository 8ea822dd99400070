"""A step of the decoder in one native call: own kernels in C with weights of 8 or 4 bits.

Compiled once on the machine where it runs. It does not know requests, text or sampling.
"""

from .build import Library, NativeUnavailable, library, user_cache
from .decoder import NativeDecoder
from .packed import PackedModel, can_pack, packed

__all__ = [
    "Library",
    "NativeDecoder",
    "NativeUnavailable",
    "PackedModel",
    "can_pack",
    "library",
    "packed",
    "user_cache",
]
