package server

// What the tests in package server_test reach beside the exported.
var (
	OwnerOf        = ownerOf
	TidyPath       = tidyPath
	ParameterNames = parameterNames
)
