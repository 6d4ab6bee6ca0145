"""DRAW: a recurrent network that looks at a picture through a window and paints it bit by bit."""
