"""What turns a photo into a parse result: the engines, how they are chosen, and where weights lie."""
