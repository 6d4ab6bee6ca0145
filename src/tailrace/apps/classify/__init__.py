"""Classification of texts, and of rows of numbers: from bags of words to recurrent networks."""
