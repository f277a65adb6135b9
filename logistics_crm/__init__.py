from . import models  # isort: skip  (the others extend what these define)
from . import controllers, demo, wizards
