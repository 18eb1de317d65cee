<#
.SYNOPSIS
Removes the service, the firewall rule and the product. Data stay unless -RemoveData is given.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [string]$Root = (Join-Path $env:ProgramFiles 'PorosityHMI'),
    [string]$Data = (Join-Path $env:ProgramData 'PorosityHMI'),
    [switch]$RemoveData
)
Import-Module (Join-Path $PSScriptRoot 'PorosityHmi.psm1') -Force
Assert-Administrator
if (Get-Service -Name $ServiceName -ErrorAction SilentlyContinue) {
    Stop-Hmi
    Invoke-Checked 'sc.exe' @('delete', $ServiceName)
}
Get-NetFirewallRule -DisplayName $RuleName -ErrorAction SilentlyContinue | Remove-NetFirewallRule
$link = Join-Path $Root 'current'
if (Test-Path -LiteralPath $link) {
    [IO.Directory]::Delete($link)
}
if (Test-Path -LiteralPath $Root) {
    Remove-Item -LiteralPath $Root -Recurse -Force
}
if ($RemoveData -and $PSCmdlet.ShouldProcess($Data, 'Delete store, audit, backups, settings and keys')) {
    Remove-Item -LiteralPath $Data -Recurse -Force
}
elseif (Test-Path -LiteralPath $Data) {
    Write-Output "Data stay in $Data."
}
