from . import logistics_shipment_demo
