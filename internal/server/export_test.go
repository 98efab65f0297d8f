package server

// OwnerOf is ownerOf, for the policy tests.
func OwnerOf(path string) string { return ownerOf(path) }
