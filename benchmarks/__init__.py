"""`qcg decide` beside programs written by hand for the same question; see README.md."""
