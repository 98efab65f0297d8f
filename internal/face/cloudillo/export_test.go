package cloudillo

// For the tests of what clients send.
var (
	ParseCursor = parseCursor
	CursorText  = cursorText
	QueryOf     = queryOf
)
