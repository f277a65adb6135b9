"""What push_csv.py is made of, in the order in which a row passes through.

`contract` what Odoo takes; `mapping` and `fields` compile the TOML into readers, out of `formats`, `cells`
and `dates`; `source` reads the CSV and `rows` maps it; `pushing` sends batches through `clients` and
`transport`; `rejected`, `tally` and `progress` tell what became of it; `options` and `cli` are the command.
"""
