"""`tailrace translate`: texts into texts, by an encoder and a decoder with attention."""
