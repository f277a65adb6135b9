{
    "name": "Logistics CRM",
    "summary": "Shipments, tracking from any source, and one profile of each customer",
    "version": "19.0.1.0.0",
    "category": "Supply Chain/Logistics",
    "license": "AGPL-3",
    "author": "Logistics CRM contributors",
    "depends": [
        "stock_delivery",
        "sale_stock",
        "account",
        "rating",
        "portal",
        "phone_validation",
        "loyalty",
        "helpdesk_mgmt",
        "helpdesk_type",
    ],
    "external_dependencies": {"python": ["phonenumbers"]},
    "data": [
        "security/logistics_groups.xml",
        "security/ir.model.access.csv",
        "security/logistics_rules.xml",
        "data/logistics_tracking_source_data.xml",
        "data/logistics.reason.csv",
        "data/logistics.tracking.code.csv",
        "data/logistics_service_level_data.xml",
        "data/ir_cron_data.xml",
    ],
    "demo": [
    ],
    "assets": {
        "web.assets_backend": [
            "logistics_crm/static/src/**/*",
        ],
    },
    "application": True,
    "installable": True,
}
