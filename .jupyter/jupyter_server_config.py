"JupyterLab as `make lab` starts it: every notebook is cleaned when it is saved."
from nbdev.clean import clean_jupyter

c.ContentsManager.pre_save_hook = clean_jupyter  # noqa: F821
