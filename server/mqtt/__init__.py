"""MQTT: the connection to the broker, and what comes in over it."""
