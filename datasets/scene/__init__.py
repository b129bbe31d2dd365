"""What is to be seen: cart, camera, hands, people, lights, and their rendering."""
