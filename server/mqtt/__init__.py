"""MQTT: the connection to the broker, and incoming messages."""
