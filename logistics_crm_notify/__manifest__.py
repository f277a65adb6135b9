{
    "name": "Logistics CRM: notifications",
    "summary": "Who is told what and by which channel: rules, templates, preferences, outbox, campaigns",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Logistics",
    "license": "AGPL-3",
    "author": "Logistics CRM contributors",
    "depends": [
        "logistics_crm",
        "logistics_crm_sla",
        "sms",
    ],
    "data": [
        "security/ir.model.access.csv",
    ],
    "installable": True,
}
