// Package phone reads telephone numbers: text to Number and Line.
package phone
