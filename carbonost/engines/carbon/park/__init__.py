"""The national zero-carbon-park method, ``cn_zero_carbon_park_2025``.

- `method`: the formulas, and the figures the method pins;
- `rows`: from activity rows to the method's terms; `energy`: tonnes of coal equivalent;
- `guide`: the indicator page; `gap`: what closes the gap, solved;
- `account`: all of it for one park and year, with the bridge to the inventory.
"""
