"""`python -m server doctor`: looks at a deployment and says what is wrong with it and what to do."""
