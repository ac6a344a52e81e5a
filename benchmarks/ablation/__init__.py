"""What each leg, weight, fusion, stage, situating kind and chunker is worth, on every data set.

`tasks` are the data sets, `variants` what is compared with the defaults, `sizes` weighs what the index stores, and
`table` runs all of it.
"""
