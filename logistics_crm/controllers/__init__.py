from . import courier, webhook
