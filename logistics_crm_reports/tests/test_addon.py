from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestAddon(TransactionCase):
    def test_it_is_installed_with_an_icon_of_its_own(self):
        addon = self.env.ref("base.module_logistics_crm_reports")
        self.assertEqual(addon.state, "installed")
        self.assertEqual(addon.icon, "/logistics_crm_reports/static/description/icon.png")
        self.assertTrue(addon.icon_image)
