from . import courier, portal, portal_export, tracking_page, webhook
