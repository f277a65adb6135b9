{
    "name": "Logistics CRM: exceptions and service levels",
    "summary": "Exceptions, SLA timers, escalation, complaints and claims on helpdesk tickets",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Logistics",
    "license": "AGPL-3",
    "author": "Logistics CRM contributors",
    "depends": [
        "logistics_crm",
        "resource",
        "helpdesk_mgmt_rating",
    ],
    "data": [
        "security/ir.model.access.csv",
    ],
    "installable": True,
}
