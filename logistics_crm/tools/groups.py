"""Groups that several fields name."""

# Fields of other models that hold shipments are for these: read() of all fields must not fail for anybody else.
SHIPMENT_READERS = (
    "logistics_crm.group_logistics_agent,logistics_crm.group_logistics_courier,logistics_crm.group_logistics_integrator"
)
