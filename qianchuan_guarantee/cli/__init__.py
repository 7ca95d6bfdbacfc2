"""The command `qcg`: arguments in, rendering out; everything else happens below."""
