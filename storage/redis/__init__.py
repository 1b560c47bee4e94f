"""Redis: where rooms live that any of several processes may run. The only package with redis and hiredis."""
