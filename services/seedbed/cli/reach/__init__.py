"""Finding what a command is about: services, endpoints, students, trainings, ids as people write them."""
