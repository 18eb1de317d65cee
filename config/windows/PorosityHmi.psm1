# What the scripts beside this file share. Windows PowerShell 5.1 and PowerShell 7.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$script:ServiceName = 'PorosityHMI'
$script:RuleName = 'Porosity HMI'

function Assert-Administrator {
    $me = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
    if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'Run this in a PowerShell that was started as administrator.'
    }
}

function Invoke-Checked {
    # Runs a program and ends with its own words where it fails.
    param([Parameter(Mandatory)][string]$Program, [string[]]$Arguments = @(), [string]$Folder = (Get-Location).Path)
    Push-Location -LiteralPath $Folder
    try {
        & $Program @Arguments
        if ($LASTEXITCODE -ne 0) {
            throw "$Program $($Arguments -join ' ') ended with $LASTEXITCODE."
        }
    }
    finally {
        Pop-Location
    }
}

function Install-Release {
    # Copies the product beside the releases that are there and gives it an environment of its own.
    param([Parameter(Mandatory)][string]$Source, [Parameter(Mandatory)][string]$Root, [string]$Python = 'py')
    $release = Join-Path $Root ('releases\' + (Get-Date -Format 'yyyyMMdd-HHmmss'))
    New-Item -ItemType Directory -Path $release -Force | Out-Null
    foreach ($part in 'hmi', 'regions', 'templates', 'static', 'config', 'docs') {
        Copy-Item -LiteralPath (Join-Path $Source $part) -Destination $release -Recurse
    }
    foreach ($file in 'wsgi.py', 'requirements.txt', 'README.md', 'CHANGELOG.md') {
        Copy-Item -LiteralPath (Join-Path $Source $file) -Destination $release
    }
    $environment = Join-Path $release 'venv'
    Invoke-Checked $Python @('-m', 'venv', $environment) | Out-Host
    $own = Join-Path $environment 'Scripts\python.exe'
    Invoke-Checked $own @('-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:',
        '-r', (Join-Path $release 'requirements.txt')) | Out-Host
    # The account of the service may not write here: without this each start would compile everything anew.
    Invoke-Checked $own @('-m', 'compileall', '-q', (Join-Path $release 'hmi'), (Join-Path $release 'regions')) | Out-Host
    return $release
}

function Set-Current {
    # `current` is a junction: the service always starts what it leads to.
    param([Parameter(Mandatory)][string]$Root, [Parameter(Mandatory)][string]$Release)
    $link = Join-Path $Root 'current'
    if (Test-Path -LiteralPath $link) {
        [IO.Directory]::Delete($link)  # the junction, never what it leads to
    }
    New-Item -ItemType Junction -Path $link -Target $Release | Out-Null
}

function Get-Current {
    param([Parameter(Mandatory)][string]$Root)
    return @((Get-Item -LiteralPath (Join-Path $Root 'current')).Target)[0]
}

function Import-ServiceSettings {
    # What the service has in its environment, for commands that are run by hand: where the settings are.
    param([Parameter(Mandatory)][string]$Data)
    $env:HMI_CONFIG = Join-Path $Data 'plant.yaml'
    $env:HMI_AUTH__SECRET_KEY_FILE = Join-Path $Data 'secrets\secret_key'
}

function Invoke-Flask {
    # A command of the product, by the release that is given.
    param([Parameter(Mandatory)][string]$Release, [Parameter(Mandatory)][string[]]$Arguments)
    Invoke-Checked (Join-Path $Release 'venv\Scripts\python.exe') (@('-m', 'flask', '--app', 'wsgi') + $Arguments) $Release
}

function Get-Revision {
    # The revision that the store's tables are at.
    param([Parameter(Mandatory)][string]$Release)
    $said = Invoke-Flask $Release @('migrate', '--show')
    return ($said | Select-Object -Last 1).Trim()
}

function Wait-Answer {
    # True once the server answers at /livez.
    param([Parameter(Mandatory)][int]$Port, [int]$Seconds = 60)
    $until = (Get-Date).AddSeconds($Seconds)
    while ((Get-Date) -lt $until) {
        try {
            $answer = Invoke-WebRequest -UseBasicParsing -TimeoutSec 3 -Uri "http://127.0.0.1:$Port/livez"
            if ($answer.StatusCode -eq 200) { return $true }
        }
        catch {
            Start-Sleep -Milliseconds 500
        }
    }
    return $false
}

function Stop-Hmi {
    # Shawl sends Ctrl-C and waits: requests in flight are finished.
    if ((Get-Service -Name $script:ServiceName).Status -ne 'Stopped') {
        Stop-Service -Name $script:ServiceName
        (Get-Service -Name $script:ServiceName).WaitForStatus('Stopped', [TimeSpan]::FromSeconds(40))
    }
}

function Set-FolderAccess {
    # Administrators and the system own it, the service may do what is said, nobody else is let in.
    param([Parameter(Mandatory)][string]$Folder, [Parameter(Mandatory)][ValidateSet('R', 'RX', 'M')][string]$Service)
    Invoke-Checked 'icacls.exe' @($Folder, '/inheritance:r', '/grant:r', '*S-1-5-32-544:(OI)(CI)F',
        '*S-1-5-18:(OI)(CI)F', "NT SERVICE\$($script:ServiceName):(OI)(CI)$Service", '/quiet')
}

Export-ModuleMember -Function '*' -Variable @('ServiceName', 'RuleName')
