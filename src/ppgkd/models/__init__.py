"""Two families of networks, each indexed by one capacity, on one parameter-free front end."""
