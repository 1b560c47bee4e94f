"""How requests reach the server and answers leave it."""
