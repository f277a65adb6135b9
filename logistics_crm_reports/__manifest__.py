{
    "name": "Logistics CRM: reports",
    "summary": "Key figures, dashboards and spreadsheets of shipments, service and customers",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Logistics",
    "license": "AGPL-3",
    "author": "Logistics CRM contributors",
    "depends": [
        "logistics_crm",
        "logistics_crm_sla",
        "logistics_crm_notify",
        "spreadsheet_dashboard",
        "report_xlsx",
    ],
    "data": [
        "security/ir.model.access.csv",
    ],
    "installable": True,
}
