module goimgsecrets

go 1.24
