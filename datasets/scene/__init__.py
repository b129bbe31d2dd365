"""The visible scene: cart, camera, hands, people, lights, and their rendering."""
