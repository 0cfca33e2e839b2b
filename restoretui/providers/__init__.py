"""Adapters of the clouds to the protocol ``core.provider.Provider``.

Importing this package, or ``S3Provider``, loads no cloud SDK: that happens in a thread when a provider is opened.
"""

from restoretui.providers.s3.provider import S3Provider

__all__ = ["S3Provider"]
