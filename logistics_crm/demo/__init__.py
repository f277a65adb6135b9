from . import logistics_courier_demo, logistics_shipment_demo
