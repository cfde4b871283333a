"""Built-in recipes: scikit-learn models for workloads that bring no script of their own. A plain script, as theirs."""
