"""What makes new cloth: backends return a layer, and the same compositor puts it into the photo for all of them."""
