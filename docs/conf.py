"""How Sphinx builds these pages: `make docs`."""

import importlib.metadata
from pathlib import Path

project = "gmm_rs"
author = "the gmm_rs authors"
release = importlib.metadata.version("gmm-rs")

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
]
templates_path = ["_templates"]

myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
math_eqref_format = "eq.\u00a0{number}"

autodoc_typehints = "none"  # the docstrings have the types, in words
default_role = "py:obj"
numpydoc_show_class_members = False  # the template of a class lists them

# Pictures: small programs that read the data in examples/, and the code of docstrings.
plot_working_directory = str(Path(__file__).resolve().parent.parent)
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 150)]
plot_include_source = True  # of docstrings; pages have blocks of their own
plot_apply_rcparams = True
plot_rcparams = {
    "figure.figsize": (6.4, 4.2),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"gmm_rs {release}"
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
html_show_sourcelink = False
_PAGES = (
    "index getting-started model-choice many out-of-core streaming dask command-line serket migrating theory "
    "benchmarks changelog"
)
html_sidebars = {page: [] for page in _PAGES.split()}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": False,
    "header_links_before_dropdown": 8,
    "icon_links": [{"name": "GitHub", "url": "https://github.com/gmm-rs/gmm-rs", "icon": "fa-brands fa-github"}],
}
