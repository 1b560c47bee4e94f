"""The way out: what is made durable, told and cleaned up."""
