package djaoapp

import "facet/internal/directory"

// The parts of paging that tests try without a list.
type Asked = asked

var (
	ReadWindow = readWindow
	WindowPage = windowPage[int, int]
)

func AskedFor(w directory.Window, page int) Asked { return asked{w, page} }
