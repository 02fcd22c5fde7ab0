"""``python -m gradcalc``"""

from gradcalc.cli.app import entry

entry()
