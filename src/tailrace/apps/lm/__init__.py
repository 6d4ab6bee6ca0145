"""Language models: text in, a recurrent network that knows what comes next out."""
