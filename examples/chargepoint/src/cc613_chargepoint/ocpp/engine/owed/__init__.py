"""What a backend is owed: facts before they have words, how they wait on the disk, and how they are sent."""
