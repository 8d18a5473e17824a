"""A book of losses and metrics that runs: derived, plotted, broken, checked, and installable.

Modules:

- `lossbook.detection.coco_files`: COCO's files: read whole, checked whole, typed."""

import lazy_loader

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
