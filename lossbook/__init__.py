"""A book of losses and metrics that runs.

Every public name is imported when it is first used: `from lossbook import dice_score`.
The names are listed in `__init__.pyi`, which `make prepare` writes from the modules.
"""
import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
