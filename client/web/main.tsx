document.title = 'Cliquet';
