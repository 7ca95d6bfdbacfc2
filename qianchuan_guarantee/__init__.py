"""qianchuan_guarantee: the cost guarantee (成本保障) of 巨量千川, decided from exported logs."""

__version__ = "0.1.0"
