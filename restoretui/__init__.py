"""restoretui: a live board for restoring archived cloud objects.

Importing this package costs nothing: neither the screens nor a cloud SDK is loaded until used.
"""

__version__ = "0.1.0"
