from . import logistics_shipment_event_wizard
