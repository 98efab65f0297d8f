// Package server is the edge: it joins the faces' route tables on one mux,
// finds the site by Host and the caller by the face's rules, admits by the
// permission table, and answers what no face has. The access log, the metrics
// and the health answers are made here, once.
//
// A request goes this way: request id, CORS, path made regular, mux, site,
// body limit, Identify, access.Admit, the face's handler; whatever error comes
// up on the way is rendered by the face that owns the path.
package server
